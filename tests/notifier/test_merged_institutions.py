"""What the notifier knows of an institution that became part of another."""

from services.notifier.tables import Institution
from shared.events.catalogue import InstitutionMerged, InstitutionUnmerged
from shared.ids import new_id
from tests.notifier.world import World


def test_a_merged_institution_is_known_to_be_part_of_another_until_that_is_undone(
    world: World,
) -> None:
    facts = world.institution()
    other = facts.model_copy(update={"institution_id": new_id()})
    merged = facts.model_copy(
        update={"status": "merged", "version": 5, "merged_into": other.institution_id}
    )
    again = facts.model_copy(update={"version": 6})

    world.tell(InstitutionMerged(institution=merged, into=other, reason="They are one."))
    with world.database.read() as session:
        known = session.get_one(Institution, facts.institution_id)
        assert (known.status, known.merged_into) == ("merged", other.institution_id)

    world.tell(InstitutionUnmerged(institution=again, survivor=other, reason="They are two."))
    world.tell(InstitutionMerged(institution=merged, into=other, reason="They are one."))
    with world.database.read() as session:
        known = session.get_one(Institution, facts.institution_id)
        assert (known.status, known.merged_into, known.version) == ("verified", None, 6)
