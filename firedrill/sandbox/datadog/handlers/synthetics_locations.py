"""Public locations of synthetic tests. In the sandbox, all of them are this machine."""

from firedrill.sandbox.datadog.store import Body

LOCATIONS = {
    "aws:af-south-1": ("Cape Town (AWS)", "Africa", 32150),
    "aws:ap-northeast-1": ("Tokyo (AWS)", "APAC", 30007),
    "aws:ap-south-1": ("Mumbai (AWS)", "APAC", 30009),
    "aws:ap-southeast-1": ("Singapore (AWS)", "APAC", 30010),
    "aws:ap-southeast-2": ("Sydney (AWS)", "APAC", 30011),
    "aws:ca-central-1": ("Canada Central (AWS)", "Americas", 30003),
    "aws:eu-central-1": ("Frankfurt (AWS)", "Europe", 30004),
    "aws:eu-west-1": ("Ireland (AWS)", "Europe", 30006),
    "aws:eu-west-2": ("London (AWS)", "Europe", 30008),
    "aws:eu-west-3": ("Paris (AWS)", "Europe", 32153),
    "aws:us-east-2": ("Ohio (AWS)", "Americas", 30005),
    "aws:us-west-1": ("N. California (AWS)", "Americas", 30001),
    "aws:us-west-2": ("Oregon (AWS)", "Americas", 30002),
    "gcp:europe-west3": ("Frankfurt (GCP)", "Europe", 40001),
    "gcp:us-east4": ("Virginia (GCP)", "Americas", 40002),
    "gcp:us-west1": ("Oregon (GCP)", "Americas", 40003),
}
"""Display name, region and number."""


def location_number(name: str) -> int:
    """Return the number of a location."""
    return LOCATIONS[name][2] if name in LOCATIONS else 50_000


def locations(names: list[str]) -> list[Body]:
    """Return locations as the response to a trigger has them."""
    return [
        {
            "id": location_number(name),
            "name": name,
            "display_name": LOCATIONS[name][0] if name in LOCATIONS else name,
            "region": LOCATIONS[name][1] if name in LOCATIONS else "Other",
            "is_active": True,
            "is_public": not name.startswith("pl:"),
        }
        for name in dict.fromkeys(names)
    ]
