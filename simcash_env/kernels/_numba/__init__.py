"""How kernels are compiled, cached and linked, and how they open a row of words as named columns."""
