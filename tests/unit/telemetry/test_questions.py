import asyncio
from collections.abc import Mapping, Sequence

import pytest

from iotistic.telemetry.ingest.questions import Questions


class Oracle:
    """Knows the doubles of even numbers; answers when it is let."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.fault: Exception | None = None
        self.may_answer = asyncio.Event()

    async def ask(self, questions: Sequence[int]) -> Mapping[int, int]:
        self.asked.append(list(questions))
        await self.may_answer.wait()
        if self.fault is not None:
            raise self.fault
        return {place: 2 * one for place, one in enumerate(questions, 1) if one % 2 == 0}


async def test_what_comes_while_one_question_is_answered_is_asked_together() -> None:
    oracle = Oracle()
    questions = Questions(oracle.ask)
    tasks = [asyncio.create_task(questions.answer(0))]
    await asyncio.sleep(0)  # the first is on its way
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(questions.answer(one)) for one in range(1, 10)]
    await asyncio.sleep(0)
    oracle.may_answer.set()
    assert await asyncio.gather(*tasks) == [0, None, 4, None, 8, None, 12, None, 16, None]
    assert oracle.asked == [[0], list(range(1, 10))]


async def test_no_more_than_five_hundred_are_asked_together() -> None:
    oracle = Oracle()
    oracle.may_answer.set()
    questions = Questions(oracle.ask)
    await asyncio.gather(*(questions.answer(one) for one in range(501)))
    assert [len(asked) for asked in oracle.asked] == [500, 1]


async def test_a_caller_that_goes_away_does_not_take_the_others_answers_along() -> None:
    oracle = Oracle()
    questions = Questions(oracle.ask)
    gone, stays = (asyncio.create_task(questions.answer(one)) for one in (2, 4))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    oracle.may_answer.set()
    assert await stays == 8


async def test_a_fault_reaches_everyone_who_asked_and_nobody_after() -> None:
    oracle = Oracle()
    oracle.may_answer.set()
    oracle.fault = ConnectionError("away")
    questions = Questions(oracle.ask)
    answers = await asyncio.gather(*(questions.answer(one) for one in (2, 4)), return_exceptions=True)
    assert answers == [oracle.fault] * 2
    oracle.fault = None
    assert await questions.answer(2) == 4


async def test_a_stopped_question_cancels_those_who_wait_for_it() -> None:
    oracle = Oracle()
    questions = Questions(oracle.ask)
    waits = asyncio.create_task(questions.answer(2))
    await asyncio.sleep(0)
    assert questions._asking is not None
    await asyncio.sleep(0)
    questions._asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waits
