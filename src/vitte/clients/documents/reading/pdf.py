"""PDFs."""

from io import BytesIO

from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, PyPdfError

from vitte.clients.documents.errors import FileBrokenError, FileEncryptedError
from vitte.clients.documents.reading.outcome import TOO_COMPLEX, Refusal, Words


def read_pdf(content: bytes, words: Words, max_pages: int) -> int | None:
    """Read the first pages of a PDF; return how many it has."""
    try:
        reader = PdfReader(BytesIO(content), strict=False)
        # Many are encrypted with no password at all, so that they can be read and not changed.
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refusal(FileEncryptedError)
        pages = len(reader.pages)
        for number in range(min(pages, max_pages)):
            if words.is_full:
                words.is_cut = True
                break
            words.add(f"{reader.pages[number].extract_text().strip()}\n\n")
    except (FileNotDecryptedError, DependencyError):
        raise Refusal(FileEncryptedError) from None
    except LimitReachedError:
        raise Refusal(TOO_COMPLEX) from None
    except PyPdfError:
        raise Refusal(FileBrokenError) from None
    words.is_cut = words.is_cut or pages > max_pages
    return pages
