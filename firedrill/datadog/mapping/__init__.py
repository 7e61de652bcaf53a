"""The declaration of a resource kind: one table entry maps its properties to the API's JSON, in both directions.

An entry is a `DatadogKind` of properties, endpoints and an envelope. From it follow create, update, read, delete, the
differences that an update shows, import and drift. A team's links, for example::

    "datadog:index/teamLink:TeamLink": jsonapi(
        account,
        "team_links",  # the JSON:API type of the body
        "/api/v2/team/{teamId}/links",  # POST here; GET, PATCH and DELETE at {id} below
        Property("teamId", local=True, required=True, replace=True),  # in the path, not in the body
        Property("label", required=True),  # attributes.label
        Property("url", required=True),
        Property("position", INT, computed=True),  # the API decides when the program does not
        parent="teamId",  # an import names it first: TEAM:LINK
    ),

`kind` has the entry and its functions for logic that no table expresses, `objects` the properties of an object,
`schema` and `lists` the schemas of their values, `envelopes` how a body is wrapped. The families of kinds are in
:mod:`firedrill.datadog.resources`.
"""
