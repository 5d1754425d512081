"""The Python client's state under any interleaving of acks, ops, snapshots and lost connections."""

from uuid import UUID

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from nest_haus_client.core.operations import (
    Apply,
    Clear,
    Operation,
    Reset,
    Select,
    SetQuantity,
    SingleOperation,
    guess,
)
from nest_haus_client.core.selection import Choice
from typing_extensions import override

from configurator.protocol import codec
from configurator.protocol.codes import Refused
from tests.clients.python.core.world import Peer, Server, peer, person, together
from tests.configurator.nest_haus import option_ids

CATEGORIES = ("nest", "gebaeudehuelle", "pvanlage", "fenster", "planungspaket")
PEERS = 3

singles: st.SearchStrategy[SingleOperation] = st.one_of(
    st.sampled_from([Select(c, o) for c in CATEGORIES for o in option_ids(c)]),
    st.builds(SetQuantity, st.sampled_from(("pvanlage", "fenster")), st.integers(0, 40)),
    st.builds(Clear, st.sampled_from(("pvanlage", "fenster", "nest"))),
)
operations: st.SearchStrategy[Operation] = st.one_of(
    singles,
    st.lists(singles, min_size=1, max_size=3).map(lambda some: Apply(tuple(some))),
    st.just(Reset()),
)
peers = st.integers(0, PEERS - 1)


class Interleavings(RuleBasedStateMachine):
    """Three clients of one house; the test decides what arrives when, and what is lost.

    After every step: confirmed is a state that the server had (I3, I9), and what is shown for a
    category with a pending op of one's own has not moved (I11). In the end everybody agrees (I1)
    and every op has the one outcome that the server stored (I5, I6), in the order asked (I7).
    """

    @initialize()
    def begin(self) -> None:
        self.server = Server()
        self.now = 0.0
        self.op_ids = 0
        self.peers: list[Peer] = [peer(number) for number in range(PEERS)]
        self.showing: list[dict[str, tuple[UUID, Choice | None]]] = [{} for _ in self.peers]
        for number in range(PEERS):
            self.connect(number)
            self._serve(self.peers[number], self.peers[number].up.popleft())
            self.arrive_at_the_client(number, 1)

    # ---- steps

    @rule(number=peers, operation=operations)
    def ask(self, number: int, operation: Operation) -> None:
        each = self.peers[number]
        if len(each.state.pending) < 10:
            self.op_ids += 1
            op_id = UUID(int=self.op_ids)
            each.asked.append(op_id)
            each.guessed[op_id] = frozenset(guess(operation, each.state.shown))
            each.state.submit(op_id, operation, self.now)
            each.collect()

    def connect(self, number: int) -> None:
        each = self.peers[number]
        if not each.connected:
            each.connected = True
            each.state.connected(self.now)
            each.collect()

    @rule(number=peers)
    def lose_the_connection_for_a_while(self, number: int) -> None:
        if self.peers[number].connected:
            self.lose_the_connection(number)
        else:
            self.connect(number)

    @rule(number=peers)
    def reconnect(self, number: int) -> None:
        self.lose_the_connection(number)
        self.connect(number)

    def lose_the_connection(self, number: int) -> None:
        """Lose all messages under way, ops and acknowledgements, in both directions."""
        each = self.peers[number]
        each.connected = each.member = False
        each.up.clear()
        each.down.clear()
        each.state.disconnected()
        each.collect()

    @rule(number=peers, twice=st.booleans(), outcome_first=st.booleans())
    def arrive_at_the_server(self, number: int, *, twice: bool, outcome_first: bool) -> None:
        each = self.peers[number]
        if each.up:
            text = each.up.popleft()
            for _ in range(2 if twice else 1):
                self._serve(each, text, outcome_first=outcome_first)

    @rule(number=peers)
    def too_many_requests(self, number: int) -> None:
        each = self.peers[number]
        if each.up and '"type":"op"' in each.up[0]:
            message = codec.decode(each.up.popleft())
            refused = Refused("too_many_requests", retry_after_ms=200)
            each.down.append(codec.encode(codec.error(refused, re=message.id)))

    @rule(number=peers, count=st.integers(1, 4))
    def arrive_at_the_client(self, number: int, count: int) -> None:
        each = self.peers[number]
        for _ in range(min(count, len(each.down))):
            each.receive(each.down.popleft(), self.now)
            each.collect()

    @rule(number=peers)
    def answer_everything(self, number: int) -> None:
        """The network is as it should be, for a while."""
        each = self.peers[number]
        for _ in range(20):
            if each.up:
                self._serve(each, each.up.popleft())
            self.arrive_at_the_client(number, 4)

    @rule(number=peers, some=st.lists(operations, min_size=2, max_size=4))
    def ask_several(self, number: int, some: list[Operation]) -> None:
        for operation in some:
            self.ask(number, operation)

    @rule(number=peers)
    def arrive_twice_at_the_client(self, number: int) -> None:
        each = self.peers[number]
        if each.down:
            text = each.down.popleft()
            each.receive(text, self.now)
            each.receive(text, self.now)
            each.collect()

    @rule(number=peers)
    def lose_a_frame_that_nobody_notices(self, number: int) -> None:
        each = self.peers[number]
        if each.down and b'"type":"op"' in each.down[0][:20]:
            each.down.popleft()

    @rule(number=peers)
    def position(self, number: int) -> None:
        each = self.peers[number]
        if each.member:
            each.down.append(codec.encode(self.server.position()))

    @rule(number=peers)
    def snapshot_instead_of_ops(self, number: int) -> None:
        each = self.peers[number]
        if each.member:
            each.down.append(codec.encode(self.server.snapshot(person(number))))

    @rule(number=peers, count=st.integers(1, 5))
    def ops_of_one_flush(self, number: int, count: int) -> None:
        """The newest ops once more, as one message: what is known already is ignored."""
        each = self.peers[number]
        newest = [op for op in self.server.log[-count:] if op.epoch == self.server.epoch]
        if each.member and newest:
            message = together(newest, newest[0].version - 1, self.server)
            each.down.append(codec.encode(message))

    @rule()
    @precondition(lambda self: self.server.version > 3 and self.server.epoch.int < 4)
    def begin_another_epoch(self) -> None:
        self.server.new_epoch()
        for each in self.peers:
            if each.member:
                each.down.append(codec.encode(self.server.snapshot(person(each.number))))

    @rule(seconds=st.sampled_from((0.05, 0.5, 5.0, 20.0)))
    def time_passes(self, seconds: float) -> None:
        self._pass(seconds)

    # ---- what is always true

    @invariant()
    def confirmed_is_what_the_server_had(self) -> None:
        for each in getattr(self, "peers", ()):
            known = each.state.confirmed
            if known is not None:
                selection, total = self.server.states[known.epoch, known.version]
                assert {k: (c.option, c.quantity) for k, c in known.selection.items()} == {
                    k: (c.option, c.quantity) for k, c in selection.items()
                }
                assert known.total_cents == total

    @invariant()
    def nothing_flickers(self) -> None:
        for each, before in zip(
            getattr(self, "peers", ()), getattr(self, "showing", ()), strict=True
        ):
            now = self._shown_for_own_ops(each)
            for category, (op_id, choice) in now.items():
                if category in before and before[category][0] == op_id:
                    assert before[category][1] == choice
            self._check_left(each, before, now)
            before.clear()
            before.update(now)

    def _check_left(
        self,
        each: Peer,
        before: dict[str, tuple[UUID, Choice | None]],
        now: dict[str, tuple[UUID, Choice | None]],
    ) -> None:
        """An op that left has its outcome, and confirmed has reached it in the same step."""
        pending = {op.op_id for op in each.state.pending}
        for op_id in set(each.asked) - pending:
            assert op_id in each.settled
        gone = {op_id for op_id, _ in before.values()} - {op_id for op_id, _ in now.values()}
        for op_id in gone - pending:
            outcome = each.settled[op_id].outcome
            assert outcome is not None
            assert each.state.version >= outcome.version

    def _shown_for_own_ops(self, each: Peer) -> dict[str, tuple[UUID, Choice | None]]:
        shown = each.state.shown
        return {
            category: (op.op_id, shown.get(category))
            for op in each.state.pending
            for category in each.guessed[op.op_id]
        }

    # ---- the end

    @override
    def teardown(self) -> None:
        if not hasattr(self, "peers"):
            return
        for number in range(PEERS):
            self.lose_the_connection(number)
            self.connect(number)
        for _ in range(400):
            while any(each.up or each.down for each in self.peers):
                for each in self.peers:
                    if each.up:
                        self._serve(each, each.up.popleft())
                    if each.down:
                        self.arrive_at_the_client(each.number, 1)
            self.confirmed_is_what_the_server_had()
            self.nothing_flickers()
            if not any(each.state.pending for each in self.peers):
                break
            self._pass(0.5)
        for each in self.peers:
            self._check_end(each)

    def _check_end(self, each: Peer) -> None:
        assert each.state.pending == ()
        known = each.state.confirmed
        assert known is not None
        assert (known.epoch, known.version) == (self.server.epoch, self.server.version)
        assert set(each.settled) == set(each.asked)
        for op_id, settled in each.settled.items():
            stored = self.server.outcomes[op_id]
            assert settled.outcome is not None
            assert settled.outcome.outcome == stored.outcome
            assert settled.outcome.version == stored.version
        own = [op.op_id for op in self.server.log if op.author.id == person(each.number).id]
        assert own == [op_id for op_id in each.asked if op_id in set(own)]

    # ---- the wires

    def _serve(self, each: Peer, text: str, *, outcome_first: bool = False) -> None:
        """The author hears of a version before its outcome (OP8), but need not rely on that."""
        answers, told = self.server.handle(text, person(each.number))
        if '"type":"join"' in text:
            each.member = True
        if outcome_first:
            each.down.extend(codec.encode(answer) for answer in answers)
        if told is not None:
            for member in self.peers:
                if member.member:
                    member.down.append(codec.encode(told))
        if not outcome_first:
            each.down.extend(codec.encode(answer) for answer in answers)

    def _pass(self, seconds: float) -> None:
        self.now += seconds
        for each in self.peers:
            each.state.tick(self.now)
            overdue = each.state.overdue
            each.collect()
            if overdue:
                self.lose_the_connection(each.number)


Interleavings.TestCase.settings = settings(max_examples=100, stateful_step_count=80, deadline=None)
TestAnyInterleaving = Interleavings.TestCase
