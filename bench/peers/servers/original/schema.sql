CREATE TYPE "SessionStatus" AS ENUM ('ACTIVE', 'COMPLETED', 'ABANDONED');
CREATE TABLE "UserSession" (
    "id" text PRIMARY KEY,
    "sessionId" text NOT NULL UNIQUE,
    "startTime" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "status" "SessionStatus" NOT NULL DEFAULT 'ACTIVE',
    "totalPrice" integer
);
CREATE INDEX ON "UserSession" ("startTime");
CREATE TABLE "InteractionEvent" (
    "id" text PRIMARY KEY,
    "sessionId" text NOT NULL REFERENCES "UserSession" ("sessionId") ON DELETE CASCADE ON UPDATE CASCADE,
    "eventType" text NOT NULL,
    "category" text NOT NULL,
    "elementId" text,
    "selectionValue" text,
    "previousValue" text,
    "timeSpent" integer,
    "deviceInfo" jsonb,
    "timestamp" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX ON "InteractionEvent" ("sessionId");
CREATE INDEX ON "InteractionEvent" ("timestamp");
CREATE INDEX ON "InteractionEvent" ("category");
CREATE TABLE "PerformanceMetric" (
    "id" text PRIMARY KEY,
    "sessionId" text,
    "metricName" text NOT NULL,
    "processingTime" double precision NOT NULL,
    "timestamp" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX ON "PerformanceMetric" ("metricName", "timestamp");
