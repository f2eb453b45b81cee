"""Previews: what each kind of e-mail looks like in each language, with real data of this place.

They are written by the code that sends, for a stand-in who is no reader: no link works, no row is
written, and nothing counts as told.
"""
