"""`python -m tools.bytecode`: load every module of the program once, so that its bytecode is there.

An installation without bytecode is a quarter smaller; what the program uses of it is written by the
first who loads it and may write there, which is not the account that the image runs as.
"""

import importlib
import pkgutil

import aq

if __name__ == "__main__":
    for module in pkgutil.walk_packages(aq.__path__, "aq."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
