// The design of the original product, rewritten: Express 5, Prisma 7 on PostgreSQL, ioredis. A tracked
// interaction reads and renews the cache of its session, and becomes one row of interactions and one of
// metrics. Besides, a queue in Redis is moved to PostgreSQL by a job, 100 events every five minutes.
import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "@prisma/client";
import express from "express";
import { Redis } from "ioredis";

const QUEUE = "queue:interactions";
const AT_ONCE = 100;
const { PGHOST: host, PGUSER: user, PGDATABASE: database, REDIS_SOCKET, PORT } = process.env;
const prisma = new PrismaClient({ adapter: new PrismaPg({ host, user, database, max: 10 }) });
const redis = new Redis({ path: REDIS_SOCKET });
const app = express();
app.use(express.json());

async function trackClick(sessionId, interaction) {
  const key = `session:${sessionId}`;
  const known = JSON.parse((await redis.get(key)) ?? '{"clicks":0}');
  await redis.setex(key, 3600, JSON.stringify({ ...known, clicks: known.clicks + 1, last: interaction }));
}

app.post("/api/sessions/track-interaction", async (request, response) => {
  const began = performance.now();
  const { sessionId, interaction } = request.body ?? {};
  if (!sessionId || !interaction)
    return response.status(400).json({ error: "Missing required fields: sessionId, interaction" });
  const { eventType, category, elementId, selectionValue, previousValue, timeSpent, deviceInfo } = interaction;
  if (!eventType || !category)
    return response.status(400).json({ error: "Missing required interaction fields: eventType, category" });
  try {
    await trackClick(sessionId, interaction);
    const event = await prisma.interactionEvent.create({
      data: { sessionId, eventType, category, elementId, selectionValue, previousValue, timeSpent, deviceInfo },
    });
    const processingTime = performance.now() - began;
    await prisma.performanceMetric.create({ data: { sessionId, metricName: "track_interaction", processingTime } });
    response.json({
      success: true,
      message: "Interaction tracked successfully",
      data: {
        interactionId: event.id,
        sessionId,
        eventType,
        category,
        processingTime,
        timestamp: event.timestamp.toISOString(),
      },
    });
  } catch (error) {
    response
      .status(500)
      .json({ success: false, error: "Failed to track interaction", details: String(error).slice(0, 200) });
  }
});

/** The job that cron starts every five minutes: read, store, trim. Nothing stops a second one from doing the same. */
app.post("/jobs/process-queues", async (_request, response) => {
  const items = await redis.lrange(QUEUE, 0, AT_ONCE - 1);
  if (items.length) {
    await prisma.interactionEvent.createMany({ data: items.map((item) => JSON.parse(item)) });
    await redis.ltrim(QUEUE, items.length, -1);
  }
  response.json({ moved: items.length, left: await redis.llen(QUEUE) });
});

app.listen(Number(PORT), "127.0.0.1");
