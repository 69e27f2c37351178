-- What did each campaign bring?
SELECT
  site,
  campaign_source,
  campaign_medium,
  campaign_name,
  CAST(sum(sessions) AS BIGINT) AS sessions,
  CAST(sum(bounces) AS BIGINT) AS bounces,
  CAST(sum(goals) AS BIGINT) AS goals,
  CAST(sum(orders) AS BIGINT) AS orders,
  round(sum(revenue), 2) AS revenue,
  CAST(sum(anonymous_hits) AS BIGINT) AS anonymous_hits
FROM campaigns
WHERE "date" >= current_date - INTERVAL '28' DAY
GROUP BY site, campaign_source, campaign_medium, campaign_name
ORDER BY revenue DESC, sessions DESC, site, campaign_source, campaign_medium, campaign_name
LIMIT 100
