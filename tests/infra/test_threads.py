from threading import Barrier, Event, Thread

from ansflow.infra.dispatch.threads import Threads


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
