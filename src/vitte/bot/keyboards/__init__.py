"""Buttons under messages: what they say, and the data that comes back when they are pressed.

Data has 64 bytes and outlives what it names, and nothing keeps a client from inventing some: a number is
bounded here, and every service checks whose a thing is.
"""
