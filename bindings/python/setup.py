"""What pyproject.toml cannot say: the module that is generated from esent.h."""
from setuptools import setup

setup(cffi_modules=["declarations.py:make_builder"])
