"""Decision trees inside the tick: the interpreter, the fields that conditions read, and the steps that run trees."""
