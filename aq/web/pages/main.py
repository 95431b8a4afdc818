"""The pages' entrance: chooses the page by the address."""

import streamlit as st

from aq.domain.errors import ArchiveError, StandbyLostError, StoreError
from aq.web.parts.page import archived, without_store, words
from aq.web.parts.page_cache import one_run
from aq.web.sections import PAGES, address


def main() -> None:
    """Run the page that the address names."""
    text = words()
    brand = text("Air Quality 17")
    pages = [
        st.Page(
            f"{name}.py",
            title=f"{text(title)} · {brand}",
            url_path=address(name) or None,
            default=name == "live",
        )
        for name, (_section, title) in PAGES.items()
    ]
    chosen = st.navigation(pages, position="hidden")
    st.set_page_config(page_title=chosen.title, layout="wide", initial_sidebar_state="collapsed")
    try:
        chosen.run()
    except ArchiveError as error:
        archived(error.file)
    except StandbyLostError:
        st.rerun()  # from the primary
    except StoreError:
        without_store()


if __name__ == "__main__":
    with one_run():
        main()
