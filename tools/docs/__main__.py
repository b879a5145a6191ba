"""Write the generated parts of the documentation: ``python -m tools.docs [--check]``."""

from tools.docs.generate import main

if __name__ == "__main__":
    main()
