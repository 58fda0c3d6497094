from threading import Barrier, Event, Semaphore, Thread

from ansflow.infra.dispatch.threads import Load, Threads


def test_every_step_is_carried_once():
    carried = []
    threads = Threads(4)
    threads.serve(lambda execution, step: carried.append((execution, step)))
    for n in range(500):
        threads.run_step(n, "a")
    threads.close()
    assert sorted(carried) == [(n, "a") for n in range(500)]


def test_as_many_run_at_once_as_there_are_slots_and_no_more():
    together, running, most = Barrier(3), set(), []

    def carry(execution, step):
        running.add(execution)
        most.append(len(running))
        together.wait(10)
        running.discard(execution)

    threads = Threads(3)
    threads.serve(carry)
    for n in range(9):
        threads.run_step(n, "a")
    threads.close()
    assert max(most) == 3


def test_one_step_after_the_other_needs_one_thread():
    names, done = set(), Event()

    def carry(execution, step):
        from threading import current_thread

        names.add(current_thread().name)
        if execution < 20:
            threads.run_step(execution + 1, step)
        else:
            done.set()

    threads = Threads(4)
    threads.serve(carry)
    threads.run_step(1, "a")
    assert done.wait(10)
    threads.close()
    assert len(names) <= 2, "the next step is put while its thread is still busy, so a second may help"


def test_there_is_room_when_nothing_waits_and_a_slot_is_free():
    began, go = Semaphore(0), Event()

    def carry(execution, step):
        began.release()
        go.wait(10)

    threads = Threads(3)
    threads.serve(carry)
    assert threads.has_room()
    threads.run_step(1, "a")
    threads.run_now(lambda: carry(2, "a"))
    assert began.acquire(timeout=10) and began.acquire(timeout=10)
    assert threads.has_room(), "two of three run"
    threads.run_step(3, "a")
    assert not threads.has_room(), "the third is taken, whether its thread has begun or not"
    threads.run_step(4, "a")
    go.set()
    threads.close()
    assert threads.has_room()


def test_steps_may_be_offered_from_any_thread():
    carried = []
    threads = Threads(2)
    threads.serve(lambda execution, step: carried.append(execution))
    offering = [Thread(target=lambda: [threads.run_step(1, "a") for _ in range(100)]) for _ in range(4)]
    for thread in offering:
        thread.start()
    for thread in offering:
        thread.join()
    threads.close()
    assert len(carried) == 400


def test_a_call_that_fails_costs_no_slot_and_is_told(caplog):
    carried = []

    def carry(execution, step):
        if execution == 1:
            raise ConnectionError("the store is away")
        carried.append(execution)

    threads = Threads(1)
    threads.serve(carry)
    for n in (1, 2):
        threads.run_step(n, "a")
    threads.close()
    assert carried == [2]
    assert "worker stumbled: execution=1 step=a" in caplog.text


def test_it_tells_how_many_run_and_how_many_wait():
    entered, go_on = Barrier(3), Event()

    def carry(execution, step):
        entered.wait(10)
        go_on.wait(10)

    threads = Threads(2)
    threads.serve(carry)
    assert threads.load() == (0, 2, 0)
    for n in range(5):
        threads.run_step(n, "a")
    entered.wait(10)
    assert threads.load() == Load(running=2, slots=2, waiting=3)
    entered.abort()
    go_on.set()
    threads.close(seconds=10)
    assert threads.load() == (0, 2, 0)


def test_a_command_that_runs_already_takes_up_a_slot_and_waits_for_none():
    entered, go_on, carried = Barrier(4), Event(), []

    def follow():
        entered.wait(10)
        go_on.wait(10)

    threads = Threads(2)
    threads.serve(lambda execution, step: carried.append(execution))
    for _ in range(3):
        threads.run_now(follow)
    entered.wait(10)
    threads.run_step(1, "a")
    assert threads.load() == (3, 2, 1)
    go_on.set()
    threads.close()
    assert carried == [1]


def test_closing_in_a_hurry_drops_what_waits_and_leaves_behind_what_runs():
    entered, go_on, carried = Event(), Event(), []

    def carry(execution, step):
        carried.append(execution)
        entered.set()
        go_on.wait(10)

    threads = Threads(1)
    threads.serve(carry)
    threads.run_step(1, "a")
    threads.run_step(2, "a")
    assert entered.wait(10)
    threads.close(seconds=0)
    go_on.set()
    threads.close()
    assert carried == [1]


def test_after_a_call_that_failed_every_slot_still_serves(caplog):
    carried = []

    def carry(execution, step):
        if execution % 2:
            raise ConnectionError("the store is away")
        carried.append(execution)

    threads = Threads(3)
    threads.serve(carry)
    for n in range(60):
        threads.run_step(n, "a")
    threads.close()
    assert sorted(carried) == list(range(0, 60, 2))
    assert threads.load().running == 0


def test_executions_take_turns_each_in_the_order_of_its_offers():
    entered, go_on, carried = Event(), Event(), []

    def carry(execution, step):
        if step == "hold":
            entered.set()
            go_on.wait(10)
        else:
            carried.append((execution, step))

    threads = Threads(1)
    threads.serve(carry)
    threads.run_step(0, "hold")
    entered.wait(10)
    for step in "abc":
        threads.run_step(1, step)
    assert not threads.others_wait(1)
    for step in "ab":
        threads.run_step(2, step)
    assert threads.others_wait(1)
    go_on.set()
    threads.close()
    assert carried == [(1, "a"), (2, "a"), (1, "b"), (2, "b"), (1, "c")]


def test_what_waits_is_dropped_by_an_end_with_a_limit():
    entered, go_on, carried = Event(), Event(), []

    def carry(execution, step):
        entered.set()
        go_on.wait(10)
        carried.append(step)

    threads = Threads(1)
    threads.serve(carry)
    threads.run_step(1, "runs")
    entered.wait(10)
    threads.run_step(1, "waits")
    threads.close(seconds=0)
    go_on.set()
    threads.close()
    assert carried == ["runs"]
