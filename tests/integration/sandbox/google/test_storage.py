"""The real google-cloud-storage client works against the sandbox."""

import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage  # type: ignore[attr-defined] # it has no types

from tests.integration.sandbox.google.sandbox import PROJECT, Sandbox


@pytest.fixture
def client(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> storage.Client:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", sandbox.settings.google_url)
    return storage.Client(project=PROJECT, credentials=AnonymousCredentials())  # type: ignore[no-untyped-call] # nor has this


@pytest.fixture
def bucket(client: storage.Client, request: pytest.FixtureRequest) -> storage.Bucket:
    return client.create_bucket(f"bucket-{request.node.name.replace('_', '-')[:50]}")


def test_a_written_object_is_read_back_with_its_checksums(client: storage.Client, bucket: storage.Bucket) -> None:
    blob = bucket.blob("folder/state file.json")
    content = b'{"model":\r\n "a--b"}\r\n\r\n'
    blob.upload_from_string(content, content_type="application/json")
    blob_found = client.bucket(bucket.name).get_blob("folder/state file.json")
    assert blob_found is not None
    assert (blob_found.content_type, blob_found.size) == ("application/json", len(content))
    assert blob_found.download_as_bytes(checksum="crc32c") == content
    assert blob_found.download_as_bytes(checksum="md5", start=2, end=6) == b"model"
    assert client.bucket(bucket.name).get_blob("absent") is None
    with pytest.raises(exceptions.NotFound):
        client.get_bucket("absent")


def test_a_write_with_an_old_generation_is_refused(bucket: storage.Bucket) -> None:
    blob = bucket.blob("runtime.json")
    blob.upload_from_string("one", if_generation_match=0)
    first = blob.generation
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("runtime.json").upload_from_string("two", if_generation_match=0)
    blob.upload_from_string("two", if_generation_match=first)
    assert blob.generation is not None and first is not None and blob.generation > first
    with pytest.raises(exceptions.PreconditionFailed):
        blob.upload_from_string("three", if_generation_match=first)
    assert bucket.blob("runtime.json").download_as_bytes() == b"two"
    with pytest.raises(exceptions.PreconditionFailed):
        blob.delete(if_generation_match=first)
    with pytest.raises(exceptions.NotFound):
        bucket.blob("runtime.json", generation=first).download_as_bytes()


def test_a_large_object_goes_through_a_resumable_upload(bucket: storage.Bucket) -> None:
    content = bytes(range(256)) * 4096
    blob = bucket.blob("large.bin", chunk_size=256 * 1024)
    with blob.open("wb") as file:
        file.write(content)
    assert bucket.blob("large.bin").download_as_bytes() == content


def test_listing_knows_prefix_delimiter_and_pages(client: storage.Client, bucket: storage.Bucket) -> None:
    for name in ("a/1", "a/2", "b/1", "c"):
        bucket.blob(name).upload_from_string(name)
    assert [blob.name for blob in client.list_blobs(bucket.name, prefix="a/")] == ["a/1", "a/2"]
    listing = client.list_blobs(bucket.name, delimiter="/")
    assert [blob.name for blob in listing] == ["c"]
    assert listing.prefixes == {"a/", "b/"}
    assert [blob.name for blob in client.list_blobs(bucket.name, page_size=3)] == ["a/1", "a/2", "b/1", "c"]


def test_metadata_can_be_changed_and_objects_and_buckets_deleted(bucket: storage.Bucket) -> None:
    blob = bucket.blob("x")
    blob.upload_from_string("x")
    blob.metadata = {"reason": "drill"}
    blob.patch()
    assert blob.metageneration == 2
    with pytest.raises(exceptions.Conflict):
        bucket.delete()
    blob.delete()
    bucket.delete()
    assert not bucket.exists()
