-- CreateTable
CREATE TABLE "ResumedSession" (
    "id" TEXT NOT NULL,
    "learnerId" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "endedAt" TIMESTAMP(3),

    CONSTRAINT "ResumedSession_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "ResumedSession_learnerId_idx" ON "ResumedSession"("learnerId");

-- AddForeignKey
ALTER TABLE "ResumedSession" ADD CONSTRAINT "ResumedSession_learnerId_fkey" FOREIGN KEY ("learnerId") REFERENCES "Learner"("id") ON DELETE CASCADE ON UPDATE CASCADE;
