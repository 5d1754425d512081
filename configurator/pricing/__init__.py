"""Prices: the total of a selection, its lines, and the price of every next choice.

    price     the price of a selection, with lines that sum to the total
    derived   everything that a screen needs beside the selection
    pictures  the addresses of the pictures of a house
    rounding  rounding as in the original's JavaScript

Imported by: `configurator.operations`, `configurator.protocol`, `realtime`, `ui.public`.
"""
