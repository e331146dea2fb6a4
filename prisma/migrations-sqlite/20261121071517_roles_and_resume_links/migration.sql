-- CreateTable
CREATE TABLE "ResumeLink" (
    "hash" TEXT NOT NULL PRIMARY KEY,
    "learnerId" TEXT NOT NULL,
    "place" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" DATETIME NOT NULL,
    CONSTRAINT "ResumeLink_learnerId_fkey" FOREIGN KEY ("learnerId") REFERENCES "Learner" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- AlterTable (not as a new table: dropping the old one within a transaction would take its workspaces with it)
ALTER TABLE "Learner" ADD COLUMN "role" TEXT NOT NULL DEFAULT 'guest';

-- CreateIndex
CREATE INDEX "ResumeLink_learnerId_idx" ON "ResumeLink"("learnerId");

-- CreateIndex
CREATE INDEX "ResumeLink_expiresAt_idx" ON "ResumeLink"("expiresAt");
