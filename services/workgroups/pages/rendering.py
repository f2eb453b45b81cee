"""The pages of workgroups, over the base that every service's pages share."""

from shared.pages.rendering import Pages

page = Pages(__package__).page
