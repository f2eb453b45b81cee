"""The founding story, told through the public HTTP APIs only.

The facts are those of the retreat's press release (``retreat-2020.yaml``). Who joined which group,
what was posted, and every e-mail address are the story's own; the addresses are under the reserved
domain example.org.
"""
