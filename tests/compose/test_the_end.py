"""A certificate of the owner's own, and what is left when all is taken down: to be run last."""

import ssl

import pytest

from tests.compose.stack import SERVICES, Stack, until

pytestmark = pytest.mark.timeout(600)


def test_a_new_certificate_is_taken_while_all_goes_on(stack: Stack) -> None:
    stack.run(
        *("docker", "run", "--rm", "--network=none", "--user=0", "--entrypoint=openssl"),
        *(f"--volume={stack.certificates}:/new", "vitte-nginx:test", "req", "-x509", "-nodes", "-days", "2"),
        *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=own.test"),
        *("-keyout", "/new/privkey.pem", "-out", "/new/fullchain.pem"),
    )
    for name in ("privkey.pem", "fullchain.pem"):
        (stack.certificates / name).chmod(0o644)
    own = ssl.PEM_cert_to_DER_cert((stack.certificates / "fullchain.pem").read_text())

    def is_taken() -> bool:
        served = ssl.get_server_certificate(("127.0.0.1", stack.https_port), timeout=10)
        return ssl.PEM_cert_to_DER_cert(served) == own

    assert not is_taken()
    until(is_taken, what="nginx serves the new certificate")
    assert stack.container("nginx")["State"]["Health"]["Status"] == "healthy"


def test_one_that_is_broken_is_not(stack: Stack) -> None:
    good = ssl.get_server_certificate(("127.0.0.1", stack.https_port), timeout=10)
    (stack.certificates / "fullchain.pem").write_text("nonsense")
    until(lambda: "is of no use" in stack.logs("nginx"), what="nginx says so")
    assert ssl.get_server_certificate(("127.0.0.1", stack.https_port), timeout=10) == good


def test_everybody_ends_in_order_and_nothing_is_left(stack: Stack) -> None:
    stack.compose("stop")
    # An exporter has nothing to bring in order, and ends by the signal.
    in_order = [service for service in SERVICES if not service.endswith("-exporter")]
    codes = {service: stack.container(service)["State"]["ExitCode"] for service in in_order}
    assert codes == dict.fromkeys(in_order, 0)
    stack.compose("down", "--volumes")
    assert not any(stack.left_over().values()), stack.left_over()
