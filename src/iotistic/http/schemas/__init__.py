"""The shapes of requests and answers, as OpenAPI describes them: snake_case, times RFC 3339 in UTC with a Z."""
