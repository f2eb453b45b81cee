"""The pages of the registry, over the base that every service's pages share."""

from shared.pages.rendering import Pages

_pages = Pages(__package__)
page = _pages.page
problem_page = _pages.problem_page
