"""Packaging of aerial_nni; what it is and what it needs stands in pyproject.toml."""

from setuptools import setup

setup()
