"""What the deploy rehearsal leaves out is a part of what is deployed, and no more than that."""

from local.rehearsal.left_out import LEFT_OUT
from tests.infra.templates import Templates


def test_the_rehearsal_leaves_out_only_types_that_are_deployed(shipped: Templates) -> None:
    deployed = {resource.type for resource in shipped.all()}

    assert [] == [type_ for type_ in LEFT_OUT if type_ not in deployed]
