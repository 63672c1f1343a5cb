"""What runs in the child process: one file in, its words out.

Nothing here is to be imported by the product itself: the libraries of formats stay out of the bot's memory.
"""
