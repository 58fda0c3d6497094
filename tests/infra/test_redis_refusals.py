from __future__ import annotations

from ansflow.infra.redis_refusals import in_words


def test_what_redis_was_asked_is_not_repeated_as_it_may_be_a_password():
    answer = "unknown command 'AUTH', with args beginning with: 'ann' 'hunter2' "
    assert in_words(answer) == "unknown command 'AUTH'"
    assert in_words("this user has no permissions to run the 'select' command.").endswith("'select' command")
