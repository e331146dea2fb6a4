-- CreateTable
CREATE TABLE "ClassEgress" (
    "id" TEXT NOT NULL,
    "on" BOOLEAN NOT NULL,
    "allow" JSONB NOT NULL,
    "changedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "ClassEgress_pkey" PRIMARY KEY ("id")
);
