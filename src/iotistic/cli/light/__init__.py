"""The answer "nothing to do" without the program behind it.

A deployment runs `iotistic migrate` on every start, and nearly every time there is nothing to do. Loading psycopg, Typer and
the settings costs 0.4 s of CPU to find that out; what stands here costs a twentieth. It imports nothing but the cheapest modules
of the standard library and two of the project that import nothing, judges only what is simple beyond doubt, and otherwise leaves everything to
the full program: no answer from here is ever an error.
"""
