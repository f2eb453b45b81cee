"""Requests at the same time, decided one by one."""

from concurrent.futures import ThreadPoolExecutor

from tests.workgroups.world import Workgroups

AT_ONCE = 8


def test_action_items_assigned_at_the_same_time_get_their_own_numbers(
    workgroups: Workgroups,
) -> None:
    coordinator = workgroups.coordinator()
    unv = workgroups.partner()
    group = workgroups.group(coordinator)
    workgroups.join(unv, group)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        items = list(
            pool.map(lambda _: workgroups.assign(coordinator, group, unv), range(AT_ONCE * 3))
        )
    assert sorted(item["number"] for item in items) == list(range(1, AT_ONCE * 3 + 1))

    other = workgroups.group(coordinator, "other")
    workgroups.join(unv, other)
    assert workgroups.assign(coordinator, other, unv)["number"] == 1, "each group counts anew"


def test_of_many_joining_at_the_same_time_one_joins(workgroups: Workgroups) -> None:
    unv = workgroups.partner()
    group = workgroups.group(workgroups.coordinator())
    path = f"/groups/{group['id']}/members"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(
            lambda _: (
                workgroups.send(
                    unv.focal_point, "POST", path, {"institution_id": str(unv.id)}
                ).status_code
            ),
            range(AT_ONCE),
        )
        assert sorted(answers) == [201] + [409] * (AT_ONCE - 1)


def test_of_many_themes_of_one_slug_at_the_same_time_one_is_made(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(
            lambda _: (
                workgroups.send(
                    coordinator, "POST", "/themes", {"slug": "trade", "title": "Trade"}
                ).status_code
            ),
            range(AT_ONCE),
        )
        assert sorted(answers) == [201] + [409] * (AT_ONCE - 1)
    assert len(workgroups.published()) == 1


def test_of_many_edits_of_one_version_one_is_taken(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    group = workgroups.group(coordinator)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(
            lambda number: (
                workgroups.send(
                    coordinator,
                    "PATCH",
                    f"/groups/{group['id']}",
                    {"title": f"Title {number}"},
                    if_match='"1"',
                ).status_code
            ),
            range(AT_ONCE),
        )
        assert sorted(answers) == [200] + [412] * (AT_ONCE - 1)


def test_nobody_leaves_while_an_action_item_is_being_assigned(workgroups: Workgroups) -> None:
    coordinator = workgroups.coordinator()
    group = workgroups.group(coordinator)
    partners = [workgroups.partner(f"P{number}") for number in range(AT_ONCE)]
    for partner in partners:
        workgroups.join(partner, group)

    def leave_and_assign(number: int) -> set[int]:
        partner = partners[number]
        with ThreadPoolExecutor(2) as pool:
            left = pool.submit(
                workgroups.send,
                partner.focal_point,
                "DELETE",
                f"/groups/{group['id']}/members/{partner.id}",
            )
            assigned = pool.submit(
                workgroups.send,
                coordinator,
                "POST",
                f"/groups/{group['id']}/action-items",
                {"title": "Do", "institution_id": str(partner.id), "due_date": "2021-01-01"},
            )
            return {left.result().status_code, assigned.result().status_code}

    for number in range(AT_ONCE):
        assert leave_and_assign(number) in ({204, 409}, {409, 201}), "one of the two is refused"
