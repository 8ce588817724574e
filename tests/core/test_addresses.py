"""Addresses of custom documents."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from outcrop.core.addresses import custom_id, custom_uri


@given(id=st.text(min_size=1))
def test_every_id_comes_back_from_its_address(id):
    assert custom_id(custom_uri(id)) == id


@given(id=st.text(min_size=1))
def test_an_address_is_never_that_of_another_kind_nor_of_a_part_of_a_source(id):
    assert not custom_uri(id).startswith(("s3://", "http://", "https://", "file://"))
    assert not custom_uri(id).endswith("/")


def test_a_plain_id_is_its_own_address():
    assert custom_uri("reports/2026/oil.pdf") == "reports/2026/oil.pdf"
    assert custom_uri("s3://bucket/key") == "custom:s3%3A%2F%2Fbucket%2Fkey"
    assert custom_uri("folder/") == "custom:folder%2F"
