WITH visits AS (
  SELECT
    site,
    "date",
    CASE WHEN campaign_source IS NULL AND campaign_name IS NULL THEN source_name ELSE campaign_source END AS campaign_source,
    campaign_medium,
    campaign_name,
    visitor_id,
    session_id,
    page_views,
    is_bounce,
    goals,
    orders,
    revenue,
    0 AS anonymous_hits
  FROM sessions
  WHERE source_class = 'campaign'
  UNION ALL
  SELECT
    site,
    CAST(event_time AS DATE) AS "date",
    CASE WHEN campaign_source IS NULL AND campaign_name IS NULL THEN source_name ELSE campaign_source END AS campaign_source,
    campaign_medium,
    campaign_name,
    NULL AS visitor_id,
    NULL AS session_id,
    0 AS page_views,
    FALSE AS is_bounce,
    0 AS goals,
    0 AS orders,
    0 AS revenue,
    1 AS anonymous_hits
  FROM hits_human
  WHERE source_class = 'campaign' AND visitor_id IS NULL AND NOT coalesce(is_email_open, FALSE)
)
SELECT
  site,
  "date",
  campaign_source,
  campaign_medium,
  campaign_name,
  count(DISTINCT visitor_id) AS visitors,
  count(session_id) AS sessions,
  count(*) FILTER (WHERE is_bounce) AS bounces,
  CAST(sum(page_views) AS BIGINT) AS page_views,
  CAST(sum(goals) AS BIGINT) AS goals,
  CAST(sum(orders) AS BIGINT) AS orders,
  sum(revenue) AS revenue,
  CAST(sum(anonymous_hits) AS BIGINT) AS anonymous_hits
FROM visits
GROUP BY site, "date", campaign_source, campaign_medium, campaign_name
