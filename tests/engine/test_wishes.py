"""What an operator wants of a worker: heard at its beats, and told back."""

from __future__ import annotations


def test_a_worker_hears_a_wish_at_each_beat_and_says_once_that_it_follows_it(make_local):
    engine = make_local().engine
    store, heard, told = engine.store, [], []
    engine.on_wish = heard.append
    heed = store.heed
    store.heed = lambda boot, wish: (told.append((boot, wish, [*heard])), heed(boot, wish))
    engine.open()
    engine.beat()
    for wish in ("drain", ""):
        store.wishes[engine.boot] = wish
        engine.beat()
        engine.beat()
        assert store.heeded[engine.boot] == wish
    assert heard == ["", "drain", "drain", "", ""]
    assert told == [(engine.boot, "drain", ["", "drain"]), (engine.boot, "", ["", "drain", "drain", ""])], (
        "it follows a wish before it says so"
    )
