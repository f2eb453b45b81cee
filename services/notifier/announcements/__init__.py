"""Announcements: what a coordinator tells everybody of a group, written by a person and sent once.

`writing` makes and changes them, `deciding` lets them go or stops them, `readers` says who gets one
and why, `going_out` makes an e-mail for each, and `withdrawing` stops those that are void.
"""
