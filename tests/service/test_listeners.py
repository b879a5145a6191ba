"""A listener that does not read is let go with its reason; the others go on."""

from simcash_env.service.stream import FELL_BEHIND, LONGEST_QUEUE, Listeners


def read(listener):
    found = []
    while not listener.messages.empty():
        found.append(listener.messages.get_nowait())
    return found


def test_listeners_who_falls_behind_is_let_go_and_told_and_the_others_go_on():
    listeners = Listeners()
    slow, quick = listeners.add(), listeners.add()
    for number in range(LONGEST_QUEUE):
        listeners.send_all({"tick": number})
    assert len(listeners) == 2
    assert [message["tick"] for message in read(quick)] == list(range(LONGEST_QUEUE))
    listeners.send_all({"tick": LONGEST_QUEUE})
    assert len(listeners) == 1
    assert (slow.close_code, slow.reason) == (FELL_BEHIND, f"fell {LONGEST_QUEUE} messages behind")
    assert read(slow) == [None]
    assert (quick.close_code, read(quick)) == (1000, [{"tick": LONGEST_QUEUE}])


def test_listeners_who_is_let_go_in_order_reads_what_is_queued_first():
    listeners = Listeners()
    listener = listeners.add()
    listeners.send_all({"tick": 0})
    listeners.end(1001, "the service is stopping")
    assert len(listeners) == 0
    assert read(listener) == [{"tick": 0}, None]
    assert listener.close_code == 1001
