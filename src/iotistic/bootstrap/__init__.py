"""The composition root: the only place that knows every adapter and builds one thing out of all.

Import its modules by name: a command that only needs to know where the database is (`endpoints`) must not load the whole
platform, which takes a second.
"""
