SELECT
  $columns
FROM (
  SELECT
    *,
    row_number() OVER (
      PARTITION BY site, "date", event_id
      ORDER BY (gpc IS NULL), received_at DESC, code_version DESC
    ) AS copy_number
  FROM hits_raw
) AS copies
WHERE copy_number = 1
