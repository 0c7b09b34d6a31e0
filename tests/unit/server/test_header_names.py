"""Names of headers are written as clients compare them."""

from server.front.header_names import NamingTransport, named


def test_names_are_capitalised_and_values_left_alone():
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\nx-a-b: c: d\r\nwarning: 99 Default value used\r\n\r\n"
    assert named(head) == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nX-A-B: c: d\r\nWarning: 99 Default value used\r\n\r\n"
    )


class Written:
    """A transport that keeps what is written."""

    def __init__(self):
        self.data = []

    def write(self, data):
        self.data.append(data)


def test_only_the_head_is_touched_and_not_the_continue_before_it():
    transport = Written()
    naming = NamingTransport(transport)
    pieces = [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na-b: c\r\n\r\n",
        b"HTTP/1.1 x\r\nbody: of it\r\n\r\n",
    ]
    for piece in pieces:
        naming.write(piece)
    assert transport.data == [pieces[0], b"HTTP/1.1 200 OK\r\nA-B: c\r\n\r\n", pieces[2]]
