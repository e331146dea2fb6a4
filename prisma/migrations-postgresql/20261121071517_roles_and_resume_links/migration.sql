-- AlterTable
ALTER TABLE "Learner" ADD COLUMN     "role" TEXT NOT NULL DEFAULT 'guest';

-- CreateTable
CREATE TABLE "ResumeLink" (
    "hash" TEXT NOT NULL,
    "learnerId" TEXT NOT NULL,
    "place" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "ResumeLink_pkey" PRIMARY KEY ("hash")
);

-- CreateIndex
CREATE INDEX "ResumeLink_learnerId_idx" ON "ResumeLink"("learnerId");

-- CreateIndex
CREATE INDEX "ResumeLink_expiresAt_idx" ON "ResumeLink"("expiresAt");

-- AddForeignKey
ALTER TABLE "ResumeLink" ADD CONSTRAINT "ResumeLink_learnerId_fkey" FOREIGN KEY ("learnerId") REFERENCES "Learner"("id") ON DELETE CASCADE ON UPDATE CASCADE;
