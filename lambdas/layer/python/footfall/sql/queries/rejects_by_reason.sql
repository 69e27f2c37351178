-- Which requests could not be understood, and why? docs/reasons.md says what to do about each reason.
SELECT
  "date",
  reason,
  dialect,
  named_site,
  count(DISTINCT event_id) AS requests
FROM rejects
WHERE "date" >= current_date - INTERVAL '28' DAY
GROUP BY "date", reason, dialect, named_site
ORDER BY "date" DESC, requests DESC, reason, dialect, named_site
LIMIT 100
