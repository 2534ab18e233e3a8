"""The command line: a verb for each recipe, and those about what was run before.

A file's `add_flags` adds its parsers; each parser's default `verb` is the function that is run with
what was parsed and returns the exit code. Anything slow to import is imported in that function.
"""
