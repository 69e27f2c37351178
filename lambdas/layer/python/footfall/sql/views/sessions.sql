WITH timed AS (
  SELECT
    *,
    lag(event_time) OVER (PARTITION BY site, visitor_id ORDER BY event_time, event_id) AS previous_time,
    action = 'order' AND row_number() OVER (
      PARTITION BY site, action, order_id, CASE WHEN order_id IS NULL THEN event_id END
      ORDER BY event_time, event_id
    ) = 1 AS is_new_order
  FROM hits_human
  WHERE visitor_id IS NOT NULL AND NOT coalesce(is_email_open, FALSE)
),
cut_when_idle AS (
  SELECT
    *,
    count(CASE WHEN previous_time IS NULL OR is_new_visit OR event_time > previous_time + INTERVAL '30' MINUTE THEN 1 END) OVER (
      PARTITION BY site, visitor_id
      ORDER BY event_time, event_id
      ROWS UNBOUNDED PRECEDING
    ) AS session_number
  FROM timed
),
numbered AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY site, visitor_id, session_number ORDER BY event_time, event_id) AS hit_number
  FROM cut_when_idle
),
attributed AS (
  SELECT
    *,
    coalesce(
      min(CASE WHEN source_class = 'campaign' THEN hit_number END) OVER (PARTITION BY site, visitor_id, session_number),
      1
    ) AS source_hit_number
  FROM numbered
)
SELECT
  site,
  CAST(min(event_time) AS DATE) AS "date",
  max(CASE WHEN hit_number = 1 THEN event_id END) AS session_id,
  visitor_id,
  max(user_id) AS user_id,
  min(event_time) AS started_at,
  max(event_time) AS ended_at,
  CAST(date_diff('millisecond', min(event_time), max(event_time)) AS DOUBLE) / 1000 AS duration_s,
  count(*) AS hits,
  count(*) FILTER (WHERE action IN ('page_view', 'pixel')) AS page_views,
  count(*) FILTER (WHERE action = 'event') AS events,
  count(*) FILTER (WHERE action = 'site_search') AS site_searches,
  count(*) FILTER (WHERE action = 'goal') AS goals,
  count(*) FILTER (WHERE is_new_order) AS orders,
  coalesce(sum(CASE WHEN action = 'goal' OR is_new_order THEN revenue END), 0) AS revenue,
  count(*) FILTER (WHERE action NOT IN ('ping', 'consent', 'content_impression')) = 1 AS is_bounce,
  min_by(url, hit_number) FILTER (WHERE action IN ('page_view', 'pixel') AND url IS NOT NULL) AS entry_url,
  max_by(url, hit_number) FILTER (WHERE action IN ('page_view', 'pixel') AND url IS NOT NULL) AS exit_url,
  min_by(url_host || coalesce(url_path, ''), hit_number)
    FILTER (WHERE action IN ('page_view', 'pixel') AND url_host IS NOT NULL) AS entry_page,
  max_by(url_host || coalesce(url_path, ''), hit_number)
    FILTER (WHERE action IN ('page_view', 'pixel') AND url_host IS NOT NULL) AS exit_page,
  max(CASE WHEN hit_number = source_hit_number THEN source_class END) AS source_class,
  max(CASE WHEN hit_number = source_hit_number THEN source_name END) AS source_name,
  max(CASE WHEN hit_number = source_hit_number THEN source_keyword END) AS source_keyword,
  max(CASE WHEN hit_number = source_hit_number THEN referrer_host END) AS referrer_host,
  max(CASE WHEN hit_number = source_hit_number THEN campaign_source END) AS campaign_source,
  max(CASE WHEN hit_number = source_hit_number THEN campaign_medium END) AS campaign_medium,
  max(CASE WHEN hit_number = source_hit_number THEN campaign_name END) AS campaign_name,
  max(CASE WHEN hit_number = source_hit_number THEN campaign_term END) AS campaign_term,
  max(CASE WHEN hit_number = source_hit_number THEN campaign_content END) AS campaign_content,
  max(CASE WHEN hit_number = 1 THEN country END) AS country,
  max(CASE WHEN hit_number = 1 THEN language END) AS language,
  max(CASE WHEN hit_number = 1 THEN browser END) AS browser,
  max(CASE WHEN hit_number = 1 THEN os END) AS os,
  max(CASE WHEN hit_number = 1 THEN device_type END) AS device_type
FROM attributed
GROUP BY site, visitor_id, session_number
