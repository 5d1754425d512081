"""The actions of the buttons in one part of a page: one at a time, and a refusal is shown."""

from collections.abc import Awaitable, Callable

from configurator.protocol.codes import Refused
from ui.staff.api import Api
from ui.staff.frame import StaffFrame
from ui.theme import Message

Act = Callable[[], Awaitable[None]]


class Acting:
    """Runs the actions of a part of a page.

    `told` shows the result of an action, `problem` the reason of a refusal, in the words of
    `refusal`. `read_again` reads at once what the page reads every few seconds.
    """

    def __init__(
        self,
        *,
        api: Api,
        frame: StaffFrame,
        read_again: Act,
        refusal: Callable[[Refused], str],
        told: Message,
        problem: Message,
    ) -> None:
        self.api = api
        self.frame = frame
        self.read_again = read_again
        self.refusal = refusal
        self.told = told
        self.problem = problem
        self.busy = False

    def act(self, action: Act, *, problem: Message | None = None) -> Act:
        """Run the action of a button, one at a time, and read the part again.

        A refusal is shown in `problem`.
        """
        said = problem or self.problem

        async def acting() -> None:
            if self.busy:
                return
            self.busy = True
            for each in (said, self.told):
                each.say("")
            try:
                await action()
            except Refused as refused:
                said.say(self.refusal(refused))
            finally:
                self.busy = False
            await self.read_again()

        return acting
