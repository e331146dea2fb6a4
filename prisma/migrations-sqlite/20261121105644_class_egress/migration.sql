-- CreateTable
CREATE TABLE "ClassEgress" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "on" BOOLEAN NOT NULL,
    "allow" JSONB NOT NULL,
    "changedAt" DATETIME NOT NULL
);
