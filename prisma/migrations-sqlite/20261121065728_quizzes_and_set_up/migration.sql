-- AlterTable (in place: rebuilding the table inside a transaction would cascade to its tasks)
ALTER TABLE "Attempt" ADD COLUMN "baseSeq" INTEGER NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "QuizRecord" (
    "workspaceId" TEXT NOT NULL,
    "quizId" TEXT NOT NULL,
    "answer" JSONB NOT NULL,
    "right" BOOLEAN NOT NULL,
    "got" INTEGER NOT NULL,
    "of" INTEGER NOT NULL,
    "tries" INTEGER NOT NULL DEFAULT 1,
    "at" DATETIME NOT NULL,

    PRIMARY KEY ("workspaceId", "quizId"),
    CONSTRAINT "QuizRecord_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
