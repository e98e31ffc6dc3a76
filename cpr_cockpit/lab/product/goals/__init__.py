"""The Goals service: a small API and page over one database, the sample product of the lab's releases.

It runs from its release alone, with aiohttp as its only library.
"""
