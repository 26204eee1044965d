"""What is kept of an output, and what is said of the rest."""

from hypothesis import given
from hypothesis import strategies as st

from iotistic.jobs.output import LARGEST_RESULT, LONGEST_OUTPUT, kept_output, kept_result


def test_a_short_output_is_kept_as_it_is() -> None:
    assert kept_output(None) is None
    text = "x" * LONGEST_OUTPUT
    kept = kept_output(text)
    assert kept is not None
    assert (kept.text, kept.bytes) == (text, LONGEST_OUTPUT)


def test_of_a_long_one_the_beginning_and_the_end_stand_around_a_mark() -> None:
    kept = kept_output("begin" + "x" * LONGEST_OUTPUT + "end")
    assert kept is not None
    assert kept.bytes == LONGEST_OUTPUT + 8
    assert kept.text.startswith("begin")
    assert kept.text.endswith("end")
    assert f"[... 8 of {LONGEST_OUTPUT + 8} bytes left out ...]" in kept.text


@given(
    st.text(st.characters(codec=None, categories=None) | st.sampled_from("\0\ud800é🙂"), max_size=50),
    st.integers(1, 2000),
)
def test_whatever_comes_can_be_stored_within_the_bound(text: str, times: int) -> None:
    kept = kept_output(text * times)
    assert kept is not None
    assert "\0" not in kept.text
    assert len(kept.text.encode()) <= LONGEST_OUTPUT + 100


def test_a_large_result_is_replaced_by_its_size() -> None:
    fits = {"x": "y" * (LARGEST_RESULT - 8)}
    assert kept_result(fits) is fits
    assert kept_result(None) is None
    assert kept_result({"x": "y" * (LARGEST_RESULT - 7)}) == {
        "left_out": {"bytes": LARGEST_RESULT + 1, "limit": LARGEST_RESULT}
    }
