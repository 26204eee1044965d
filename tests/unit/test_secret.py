from iotistic.secret import Secret


def test_a_secret_never_shows_itself() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {secret:>10}"


def test_a_secret_reveals_itself_on_request() -> None:
    assert Secret("hunter2").reveal() == "hunter2"


def test_equal_texts_are_equal_secrets() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"


def test_random_secrets_differ() -> None:
    assert Secret.random() != Secret.random()
